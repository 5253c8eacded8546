import { ApiError } from '@dfs/api';
import type { ApiClient } from '@dfs/api/client';
import type { Paint } from '@dfs/api/terminal';
import { Collector } from './collect.ts';
import { deedUnderWay, perform } from './deeds.ts';
import { Meter } from './meter.ts';
import { renderTop } from './render.ts';
import { Screen } from './screen.ts';
import {
  type Deed,
  type Effect,
  initialState,
  measured,
  NOTE_SAMPLES,
  noted,
  press,
  resized,
  type TopState,
  troubled,
} from './state.ts';

export interface TopOptions {
  readonly api: ApiClient;
  readonly paint: Paint;
  readonly ascii: boolean;
  readonly intervalMs: number;
}

type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
const END_SIGNALS: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The live view: one loop that asks the server, one that listens to keys, and a screen between them. */
export class TopApp {
  readonly #options: TopOptions;
  readonly #screen: Screen;
  readonly #collector: Collector;
  readonly #meter = new Meter();
  #state: TopState;
  #timer: NodeJS.Timeout | undefined;
  #asking = false;
  #ended = false;
  #finish: (signal: EndSignal | undefined) => void = () => undefined;

  constructor(options: TopOptions) {
    this.#options = options;
    this.#collector = new Collector(options.api);
    this.#screen = new Screen(process.stdin, process.stdout, {
      key: (key) => this.#key(key),
      resize: (size) => this.#update(resized(this.#state, size)),
      gone: () => this.#finish('SIGHUP'),
    });
    this.#state = initialState(this.#screen.size);
  }

  /** Until the user quits, or a signal comes: resolves to that. The terminal is as it was before. */
  async run(): Promise<EndSignal | undefined> {
    const ended = new Promise<EndSignal | undefined>((resolve) => {
      this.#finish = resolve;
    });
    const onSignal = (signal: NodeJS.Signals) => this.#finish(END_SIGNALS.find((known) => known === signal));
    for (const signal of END_SIGNALS) process.on(signal, onSignal);
    process.on('SIGCONT', this.#resume);
    try {
      this.#screen.enter();
      this.#draw();
      void this.#ask();
      return await ended;
    } finally {
      this.#ended = true;
      clearTimeout(this.#timer);
      this.#finish = () => undefined;
      this.#screen.leave();
      process.off('SIGCONT', this.#resume);
      for (const signal of END_SIGNALS) process.off(signal, onSignal);
    }
  }

  #update(state: TopState): void {
    this.#state = state;
    this.#draw();
  }

  #draw(): void {
    const { api, paint, ascii } = this.#options;
    this.#screen.draw(renderTop(this.#state, { where: api.where, paint, ascii }));
  }

  /** One sample after the other, each as long after the last one as was asked for: a slow server is not asked more often. */
  async #ask(): Promise<void> {
    if (this.#asking || this.#ended) return;
    this.#asking = true;
    clearTimeout(this.#timer);
    try {
      if (!this.#state.paused) {
        const sample = await this.#collector.collect();
        // Somebody may have paused while it was under way.
        if (!this.#state.paused) this.#update(measured(this.#state, this.#meter.take(sample)));
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#update(troubled(this.#state, `${error.message.split('\n')[0]}; trying again`));
    } finally {
      this.#asking = false;
    }
    if (!this.#ended) this.#timer = setTimeout(() => void this.#ask(), this.#options.intervalMs);
  }

  #key(key: string): void {
    const { state, effect } = press(this.#state, key);
    this.#update(state);
    if (effect !== undefined) this.#do(effect);
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case 'quit':
        this.#finish(undefined);
        break;
      case 'suspend':
        this.#screen.leave();
        process.kill(process.pid, 'SIGTSTP');
        break;
      case 'redraw':
        this.#screen.forget();
        this.#draw();
        break;
      case 'do':
        void this.#perform(effect.deed);
    }
  }

  readonly #resume = (): void => {
    this.#screen.enter();
    this.#update(resized(this.#state, this.#screen.size));
  };

  async #perform(deed: Deed): Promise<void> {
    this.#update(noted(this.#state, { tone: 'plain', text: deedUnderWay(deed) }));
    try {
      const text = await perform(deed, this.#options.api);
      this.#update(noted(this.#state, { tone: 'good', text, left: NOTE_SAMPLES }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#update(noted(this.#state, { tone: 'bad', text: error.message }));
    }
    void this.#ask();
  }
}
