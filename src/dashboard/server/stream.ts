import type { ServerResponse } from 'node:http';
import type { RunNews } from '../data/run-data.ts';
import type { RunFeed } from './run-feed.ts';

/** Pause between two looks at a record; and between two looks at what tasks on a cluster have written. Milliseconds. */
const glance = 250;
const clusterGlance = 5000;
/** A line that says nothing, so that nobody between takes the connection for dead. Milliseconds. */
const heartbeat = 15_000;

/** Somebody who listens to a run, and what was sent last. */
interface Listener {
  readonly response: ServerResponse;
  /** Byte of the record up to which it knows everything. */
  position: number;
  alive: boolean | undefined;
}

/** Sends how a run goes on to all who listen, as server-sent events. */
export class RunStream {
  readonly #feed: RunFeed;
  readonly #listeners = new Set<Listener>();
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = 0;
  #spokeAt = 0;
  #untold = '';

  /** @param feed - the run */
  constructor(feed: RunFeed) {
    this.#feed = feed;
  }

  /**
   * Lets somebody listen until the connection ends.
   *
   * @param response - which takes the events
   * @param from - byte of the record that the listener has read to
   */
  add(response: ServerResponse, from: number): void {
    const listener: Listener = { response, position: from, alive: this.#feed.live.alive };
    response.write('retry: 1000\n\n');
    this.#send(listener, this.#feed.since(from));
    this.#listeners.add(listener);
    response.on('close', () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    });
    this.#timer ??= setInterval(() => this.#look(), glance);
  }

  #look(): void {
    try {
      if (this.#hasUntold()) return;
      this.#feed.refresh();
      const { position, live } = this.#feed;
      const news = new Map<number, RunNews>();
      for (const listener of this.#listeners) {
        if (listener.position >= position && listener.alive === live.alive) continue;
        const own = news.get(listener.position) ?? this.#feed.since(listener.position);
        news.set(listener.position, own);
        this.#send(listener, own);
      }
    } catch {
      // The record was removed, or cannot be read any more: who asks anew is told why.
      for (const { response } of this.#listeners) response.end();
    }
    if (Date.now() - this.#spokeAt < heartbeat) return;
    this.#spokeAt = Date.now();
    for (const { response } of this.#listeners) response.write(': still here\n\n');
  }

  /** On a cluster what tasks have written is part of what a page shows: it asks for all anew where that changed. */
  #hasUntold(): boolean {
    const { cluster, ended } = this.#feed.live.state;
    if (cluster === undefined || ended) return false;
    if (Date.now() - this.#lookedAt < clusterGlance) return this.#untold !== '';
    this.#lookedAt = Date.now();
    this.#feed.refresh();
    const untold = JSON.stringify(this.#feed.untold());
    const before = this.#untold;
    this.#untold = untold === '[]' ? '' : untold;
    if (this.#untold !== before)
      for (const { response } of this.#listeners) response.write('event: anew\ndata: {}\n\n');
    return this.#untold !== '' || before !== '';
  }

  #send(listener: Listener, news: RunNews): void {
    const { alive } = this.#feed.live;
    listener.alive = alive;
    listener.position = Math.max(listener.position, this.#feed.position);
    const data = JSON.stringify({ ...news, ...(alive !== undefined && { alive }) } satisfies RunNews);
    listener.response.write(`id: ${this.#feed.position}\ndata: ${data}\n\n`);
  }
}
