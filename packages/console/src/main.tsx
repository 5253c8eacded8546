import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useContact } from './contact.ts';
import { clockOf } from './format.ts';
import { Events } from './pages/events.tsx';
import { Health } from './pages/health.tsx';
import { Settings } from './pages/settings.tsx';
import { Shares } from './pages/shares.tsx';
import { Throughput } from './pages/throughput.tsx';
import { Trunks } from './pages/trunks.tsx';
import { usePoll } from './poll.ts';
import { api, messageOf, signIn, signOut } from './session.ts';
import './style.css';

const PAGES = {
  trunks: Trunks,
  throughput: Throughput,
  shares: Shares,
  settings: Settings,
  events: Events,
  health: Health,
};
type Page = keyof typeof PAGES;
const isPage = (name: string): name is Page => Object.hasOwn(PAGES, name);
const title = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
/** So often at the least, whatever the page, it shows whether the server is there. */
const SESSION_EVERY_MS = 5000;
const askSession = () => api.consoleSession();

function useRoute(): string {
  const [route, setRoute] = useState(location.hash);
  useEffect(() => {
    const changed = () => setRoute(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route.replace(/^#\/?/, '');
}

function App() {
  const route = useRoute();
  return route.startsWith('sign-in/') ? (
    <SigningIn secret={route.slice('sign-in/'.length)} />
  ) : (
    <Console route={route} />
  );
}

function SigningIn({ secret }: { secret: string }) {
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    signIn(secret).then(
      () => location.replace('#/trunks'),
      (error) => setProblem(messageOf(error)),
    );
  }, [secret]);
  return <Door>{problem ?? 'Signing in …'}</Door>;
}

function Console({ route }: { route: string }) {
  const contact = useContact();
  const { value: session } = usePoll(askSession, SESSION_EVERY_MS);
  const page: Page = isPage(route) ? route : 'trunks';
  const Shown = PAGES[page];
  useEffect(() => {
    document.title = `${title(page)} · dfs`;
    document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [page]);
  if (contact.state === 'signed-out')
    return (
      <Door>
        You are not signed in. On the server, <code>dfsctl console</code> prints a link that opens this
        console once.
      </Door>
    );
  return (
    <>
      <header class="top">
        <a class="brand" href="#/trunks">
          <Mark />
          dfs
        </a>
        <nav aria-label="Pages">
          {Object.keys(PAGES).map((name) => (
            <a key={name} href={`#/${name}`} aria-current={name === page ? 'page' : undefined}>
              {title(name)}
            </a>
          ))}
        </nav>
        {session?.role === 'read' && <span class="tag">may only look</span>}
        <button type="button" class="quiet" onClick={() => signOut().finally(() => location.reload())}>
          Sign out
        </button>
      </header>
      <div role="status" class={contact.state === 'lost' ? 'lost' : 'lost away'}>
        {contact.state === 'lost' &&
          `No contact with the server since ${clockOf(contact.since)}. Trying again by itself; what is shown is what was last known.`}
      </div>
      <main data-page={page}>
        <Shown mayChange={session?.role === 'admin'} />
      </main>
    </>
  );
}

/** What is shown to those who are not inside. */
function Door({ children }: { children: preact.ComponentChildren }) {
  return (
    <main class="door card">
      <Mark />
      <h1>dfs</h1>
      <p role="status">{children}</p>
    </main>
  );
}

function Mark() {
  return <img src="/favicon.svg" alt="" width="26" height="26" />;
}

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
