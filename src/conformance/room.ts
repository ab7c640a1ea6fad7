import {fail} from './assert.ts';
import type {ConformanceServerAddress, RoomStats} from './server-address.ts';

/** The longest that the suite waits for a condition, in ms. */
const patience = 20_000;

type Query = Readonly<Record<string, string | number | readonly string[]>>;

/** The part of the server that belongs to one case: its requests go there, and the server's statistics count only them. */
export class Room {
  readonly name: string;
  readonly server: ConformanceServerAddress;
  #requests = 0;

  constructor(server: ConformanceServerAddress) {
    this.name = crypto.randomUUID();
    this.server = server;
  }

  /** The URL of an endpoint on the host of that number. No two calls give the same URL. */
  url(path: string, query: Query = {}, host: 0 | 1 | 2 = 0): string {
    return this.urlOn(this.server.origins[host], path, query);
  }

  urlOn(origin: string, path: string, query: Query = {}): string {
    const search = new URLSearchParams({room: this.name, number: String(this.#requests++)});
    for (const [name, value] of Object.entries(query)) {
      if (Array.isArray(value)) for (const item of value) search.append(name, item);
      else search.set(name, String(value));
    }
    return `${origin}${path}?${search}`;
  }

  stats(): Promise<RoomStats> {
    return this.#ask('/room');
  }

  /** Releases requests that the server holds, in the order of their arrival. */
  release(count = Infinity): Promise<RoomStats> {
    return this.#ask('/release', count);
  }

  /** Waits until the statistics of the server meet a condition. `what` names the condition in the error. */
  async until(check: (stats: RoomStats) => boolean, what: string): Promise<RoomStats> {
    let stats = await this.stats();
    await until(async () => {
      stats = await this.stats();
      return check(stats);
    }, what);
    return stats;
  }

  async #ask(path: string, count = 0): Promise<RoomStats> {
    // The runtime's own fetch, past the connector. Workers refuse a call of `fetch` as a member of another object.
    const {fetch} = globalThis;
    const response = await fetch(this.urlOn(this.server.control, path, {count}));
    return response.json();
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until `check` gives true. `what` names the condition in the error. */
export async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + patience;
  while (!(await check())) {
    if (Date.now() > end) fail(`Waited ${patience} ms for ${what}`);
    await sleep(5);
  }
}
