import type {Session} from 'aiofetch';
import {asCompleted} from 'aiofetch';
import type {SkipReason} from './frontier.ts';
import {createFrontier} from './frontier.ts';
import type {Page, Target} from './page.ts';
import {createRedirects} from './redirects.ts';
import {createRobots} from './robots.ts';
import {visit} from './visit.ts';

export interface CrawlerOptions {
  readonly session: Session;
  /** Where to start, normalised. */
  readonly starts: readonly string[];
  /** Pages under way at the same time, over all hosts. */
  readonly limit: number;
  /** Pages under way at the same time on one host. */
  readonly limitPerHost: number;
  readonly maxPages: number;
  /** Bytes of a body, past which it is left. */
  readonly maxSize: number;
  /** Whether to leave the hosts of the start URLs. */
  readonly allHosts: boolean;
  /** The name robots.txt may know us by. */
  readonly userAgent: string;
  /** Called whenever a connection is in use, and no longer is: the moments to look at the pool. */
  onConnection?(): void;
}

/** A crawl under way: gives each page as it is done. */
export interface Crawler extends AsyncIterable<Page> {
  /** Breaks off what is under way; the pages of it are given as interrupted. */
  stop(): void;
  /** Addresses known and not asked for yet. */
  readonly waiting: number;
  readonly running: number;
  /** Why addresses were not asked for, and how many each. */
  readonly skipped: ReadonlyMap<SkipReason, number>;
}

export function createCrawler(options: CrawlerOptions): Crawler {
  const {
    session,
    starts,
    limit,
    limitPerHost,
    maxPages,
    maxSize,
    allHosts,
    userAgent,
    onConnection = () => {},
  } = options;
  const abort = new AbortController();
  const {signal} = abort;
  const robots = createRobots({session, userAgent, signal});
  const redirects = createRedirects();
  const skipped = new Map<SkipReason, number>();
  const skip = (reason: SkipReason, count = 1) => skipped.set(reason, (skipped.get(reason) ?? 0) + count);
  // With the port, without the scheme: a site that sends its visitors on to https is still the same.
  const homes = new Set(starts.map((start) => new URL(start).host));
  const frontier = createFrontier({
    limitPerHost,
    maxPages,
    accepts: (url) => allHosts || homes.has(url.host),
    onSkip: skip,
  });
  for (const url of starts) frontier.add({url, depth: 0, redirects: 0, from: undefined});

  /** Judges where a page sends us to. The page keeps what is wrong with it. */
  function followRedirect(page: Page, target: Target): Page {
    if (page.redirect === undefined) return page;
    const problem = redirects.add(page.url, page.redirect, target.redirects);
    if (problem) return {...page, error: {kind: problem, message: `Redirects to ${page.redirect}`}};
    // Where a start URL lands is where the crawl was meant to begin: example.com may live at www.example.com.
    if (target.depth === 0) homes.add(new URL(page.redirect).host);
    frontier.add({
      url: page.redirect,
      depth: target.depth,
      redirects: target.redirects + 1,
      from: target.url,
    });
    return page;
  }

  async function work(target: Target): Promise<Page | undefined> {
    try {
      const rules = await robots.rules(target.origin);
      if (signal.aborted) {
        skip('interrupted');
        return undefined;
      }
      frontier.setRules(target, rules);
      if (!rules.allows(target.url)) return undefined;
      const {page, found} = await visit(target, {
        session,
        maxSize,
        signal,
        onConnection,
      });
      for (const url of found.links) {
        frontier.add({url, depth: target.depth + 1, redirects: 0, from: target.url});
      }
      if (found.nofollow > 0) skip('nofollow', found.nofollow);
      return followRedirect(page, target);
    } finally {
      frontier.release(target);
    }
  }

  return {
    stop() {
      frontier.stop();
      abort.abort();
    },
    get waiting() {
      return frontier.waiting;
    },
    get running() {
      return frontier.running;
    },
    skipped,
    async *[Symbol.asyncIterator]() {
      // The frontier is read as lazily as there is room: never more than `limit` pages are out of it.
      for await (const page of asCompleted(frontier, work, {concurrency: limit})) {
        if (page) yield page;
      }
      if (frontier.waiting > 0) skip(signal.aborted ? 'interrupted' : 'page limit', frontier.waiting);
    },
  };
}
