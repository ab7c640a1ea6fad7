/** The plan of the embedded site: every address with its answer, the same for the same seed. */

export type Encoding = 'gzip' | 'br' | 'zstd' | 'deflate';

type Answer =
  | {
      readonly kind: 'page';
      readonly links: readonly string[];
      readonly base?: string;
      readonly encoding?: Encoding;
    }
  | {readonly kind: 'file'; readonly type: string; readonly size: number}
  | {readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>>}
  | {readonly kind: 'redirect'; readonly status: number; readonly location: string}
  | {readonly kind: 'text'; readonly text: string}
  | {readonly kind: 'stall'; readonly when: 'at once' | 'midway'}
  | {readonly kind: 'break'; readonly how: 'reset' | 'cut short'};

export interface Entry {
  readonly answer: Answer;
  /** How long the server waits before it answers, in ms. */
  readonly latency: number;
  /** How much text a page has, in bytes. */
  readonly size: number;
  /** Whether a crawler that keeps the rules requests it. */
  readonly expected: boolean;
}

export type HostPlan = ReadonlyMap<string, Entry>;

export interface PlanOptions {
  readonly seed: number;
  /** The hosts that link to each other. */
  readonly origins: readonly string[];
  /** A host that they link to, which a crawler that stays on their hosts must not request. */
  readonly outside: string;
  readonly pagesPerHost: number;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One plan for each of `origins`, then the outside host's. */
export function planSite({seed, origins, outside, pagesPerHost}: PlanOptions): HostPlan[] {
  const random = createRandom(seed);
  const between = (from: number, to: number) => Math.floor(from + random() * (to - from + 1));
  const pageAddress = (page: number) => (page === 0 ? '/' : `/page/${page}`);

  const plans = origins.map((origin, index) => {
    const plan = new Map<string, Entry>();
    const add = (path: string, answer: Answer, expected = true) => {
      plan.set(path, {answer, latency: between(10, 120), size: between(500, 24_000), expected});
    };
    const next = origins[(index + 1) % origins.length] ?? origin;
    const extras = addExtras({add, index, next, pagesPerHost});

    for (let page = 0; page < pagesPerHost; page++) {
      const links: string[] = [];
      // A tree in which every page has three children, so that all pages can be reached, plus links across it.
      for (let child = 3 * page + 1; child <= 3 * page + 3 && child < pagesPerHost; child++) {
        links.push(anchor(pageAddress(child)));
      }
      const far = origins[between(0, origins.length - 1)] ?? origin;
      links.push(
        anchor(`${far}${pageAddress(between(0, pagesPerHost - 1))}`),
        anchor(disguise(pageAddress(between(1, pagesPerHost - 1)), between(0, 4))),
      );
      // The special pages are linked from the first pages, two from each, so that the slow ones are requested early.
      links.push(...extras.splice(0, page === pagesPerHost - 1 ? extras.length : 2));
      add(pageAddress(page), {kind: 'page', links});
    }
    return plan;
  });

  const outsidePlan = new Map<string, Entry>();
  for (const path of ['/', '/page/1']) {
    const answer: Answer = {kind: 'page', links: [anchor('/page/1')]};
    outsidePlan.set(path, {answer, latency: 5, size: 1_000, expected: false});
  }
  plans[0]?.set('/partners', {
    answer: {kind: 'page', links: [anchor(`${outside}/`)]},
    latency: 10,
    size: 1_000,
    expected: true,
  });
  return [...plans, outsidePlan];
}

interface Extras {
  add(path: string, answer: Answer, expected?: boolean): void;
  readonly index: number;
  readonly next: string;
  readonly pagesPerHost: number;
}

/** Adds everything on a host that isn't a plain page, and returns the links to it. */
function addExtras({add, index, next, pagesPerHost}: Extras): string[] {
  const links: string[] = [];
  const linked = (path: string, answer: Answer, expected = true) => {
    add(path, answer, expected);
    links.push(anchor(path));
  };

  if (index === 0) {
    linked('/stalled', {kind: 'stall', when: 'at once'});
    linked('/stalled-midway', {kind: 'stall', when: 'midway'});
    linked('/resets', {kind: 'break', how: 'reset'});
    linked('/cut-short', {kind: 'break', how: 'cut short'});
    linked('/loop/one', {kind: 'redirect', status: 302, location: '/loop/two'});
    add('/loop/two', {kind: 'redirect', status: 302, location: '/loop/one'});
    links.push(anchor('/partners'));
  }

  linked('/missing/1', {kind: 'status', status: 404});
  linked('/missing/2', {kind: 'status', status: 404});
  linked('/broken', {kind: 'status', status: 500});
  linked('/busy', {kind: 'status', status: 429, headers: {'retry-after': '1'}});
  linked('/moved', {kind: 'redirect', status: 301, location: `/page/${Math.min(9, pagesPerHost - 1)}`});
  linked('/renamed', {kind: 'redirect', status: 308, location: 'behind-a-redirect'});
  add('/behind-a-redirect', {kind: 'page', links: []});
  linked('/across', {kind: 'redirect', status: 302, location: `${next}/from-next-door`});
  add('/from-next-door', {kind: 'page', links: []});
  linked('/files/report.pdf', {kind: 'file', type: 'application/pdf', size: 40_000});
  linked('/files/archive.bin', {kind: 'file', type: 'application/octet-stream', size: 3_000_000});

  for (const encoding of ['gzip', 'br', 'zstd', 'deflate'] as const) {
    // Only a crawler that decompresses this page finds the page behind it.
    linked(`/packed/${encoding}`, {kind: 'page', links: [anchor(`${encoding}/inside`)], encoding});
    add(`/packed/${encoding}/inside`, {kind: 'page', links: []});
  }

  linked('/docs/', {kind: 'page', links: [anchor('start')], base: '/docs/v2/'});
  add('/docs/v2/start', {kind: 'page', links: []});
  // "#top" on a page with a base is a link to the base.
  add('/docs/v2/', {kind: 'page', links: []});

  links.push('<a href="/unlisted" rel="nofollow">not to be followed</a>');
  add('/unlisted', {kind: 'page', links: []}, false);

  const robots = robotsOf(index);
  if (robots !== undefined) {
    add('/robots.txt', {kind: 'text', text: robots}, false);
    linked('/private/', {kind: 'page', links: [anchor('more')]}, false);
    linked('/private/ledger', {kind: 'page', links: []}, false);
    add('/private/more', {kind: 'page', links: []}, false);
    linked('/private/press', {kind: 'page', links: []});
  }
  return links;
}

/** Each host has another robots.txt; the third has none, which forbids nothing (RFC 9309, section 2.3.1.3). */
function robotsOf(index: number): string | undefined {
  if (index === 2) return undefined;
  const rules = ['User-agent: *', 'Disallow: /private/', 'Allow: /private/press'];
  if (index === 1) rules.push('Crawl-delay: 0.02');
  return `${rules.join('\n')}\n`;
}

function anchor(href: string): string {
  return `<a href="${href}">${href}</a>`;
}

/** The same address in another spelling: a crawler that doesn't normalise requests the page twice. */
function disguise(path: string, way: number): string {
  if (way === 0) return `${path}#details`;
  if (way === 1) return `/elsewhere/..${path}`;
  if (way === 2) return path.replace('page', 'p%61ge');
  if (way === 3) return ` /.${path}? `;
  return path;
}
