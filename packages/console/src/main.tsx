import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Events } from './pages/events.tsx';
import { Health } from './pages/health.tsx';
import { Settings } from './pages/settings.tsx';
import { Shares } from './pages/shares.tsx';
import { Throughput } from './pages/throughput.tsx';
import { Trunks } from './pages/trunks.tsx';
import { useContact, usePoll } from './poll.ts';
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
const SESSION_EVERY_MS = 60_000;

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
  return (
    <main class="door">
      <h1>dfs</h1>
      <p role="status">{problem ?? 'Signing in …'}</p>
    </main>
  );
}

function Console({ route }: { route: string }) {
  const contact = useContact();
  const [session] = usePoll(() => api.consoleSession(), SESSION_EVERY_MS);
  const page: Page = isPage(route) ? route : 'trunks';
  const Shown = PAGES[page];
  useEffect(() => {
    document.title = `${title(page)} · dfs`;
  }, [page]);
  if (contact.state === 'signed-out') return <SignedOut />;
  return (
    <>
      <header>
        <a class="brand" href="#/trunks">
          dfs
        </a>
        <nav aria-label="Pages">
          {Object.keys(PAGES).map((name) => (
            <a key={name} href={`#/${name}`} aria-current={name === page ? 'page' : undefined}>
              {title(name)}
            </a>
          ))}
        </nav>
        <span class="role">{session?.role === 'read' ? 'may only look' : ''}</span>
        <button type="button" class="quiet" onClick={() => signOut().finally(() => location.reload())}>
          Sign out
        </button>
      </header>
      <div role="status" class={contact.state === 'lost' ? 'lost' : 'lost away'}>
        {contact.state === 'lost' &&
          'No contact with the server. Trying again by itself; what is shown is what was last known.'}
      </div>
      <main>
        <h1 class="hidden">{title(page)}</h1>
        <Shown mayChange={session?.role === 'admin'} />
      </main>
    </>
  );
}

function SignedOut() {
  return (
    <main class="door">
      <h1>dfs</h1>
      <p role="status">
        You are not signed in. On the server, <code>dfsctl console</code> prints a link that opens this
        console once.
      </p>
    </main>
  );
}

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
