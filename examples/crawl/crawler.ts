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
  /** The URLs to start from, normalised. */
  readonly starts: readonly string[];
  /** Pages that are fetched at the same time, over all hosts. */
  readonly limit: number;
  /** Pages that are fetched at the same time from one host. */
  readonly limitPerHost: number;
  readonly maxPages: number;
  /** Bytes of a body after which reading stops. */
  readonly maxSize: number;
  /** Whether to leave the hosts of the start URLs. */
  readonly allHosts: boolean;
  /** The name that robots.txt files may have rules for. */
  readonly userAgent: string;
  /** Called when a connection is taken and when it is free again: the moments to read the pool's statistics. */
  onConnection?(): void;
}

/** A running crawl: an iterable of the pages, each as soon as it is done. */
export interface Crawler extends AsyncIterable<Page> {
  /** Aborts the running requests. Their pages are given as interrupted. */
  stop(): void;
  /** Addresses that are known and not requested yet. */
  readonly waiting: number;
  readonly running: number;
  /** Why addresses were not requested, with the number for each reason. */
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
  // With the port but without the scheme: a site that redirects to https is the same site.
  const homes = new Set(starts.map((start) => new URL(start).host));
  const frontier = createFrontier({
    limitPerHost,
    maxPages,
    accepts: (url) => allHosts || homes.has(url.host),
    onSkip: skip,
  });
  for (const url of starts) frontier.add({url, depth: 0, redirects: 0, from: undefined});

  /** Checks the target of a redirect. A problem is kept in the page. */
  function followRedirect(page: Page, target: Target): Page {
    if (page.redirect === undefined) return page;
    const problem = redirects.add(page.url, page.redirect, target.redirects);
    if (problem) return {...page, error: {kind: problem, message: `Redirects to ${page.redirect}`}};
    // The target of a start URL's redirect counts as a start: example.com may redirect to www.example.com.
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
      // The frontier is read only as far as there is room: at most `limit` pages are taken at a time.
      for await (const page of asCompleted(frontier, work, {concurrency: limit})) {
        if (page) yield page;
      }
      if (frontier.waiting > 0) skip(signal.aborted ? 'interrupted' : 'page limit', frontier.waiting);
    },
  };
}
