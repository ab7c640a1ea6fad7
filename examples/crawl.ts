/**
 * Crawls the web, or a small embedded site, through one pooled session.
 *
 *     npm start
 *     npm start -- --limit-per-host 4 --max-pages 200 https://example.com
 */
import {createSession} from 'aiofetch';
import type {CrawlArguments} from './crawl/arguments.ts';
import {help, parseArguments, UsageError} from './crawl/arguments.ts';
import {createCrawler} from './crawl/crawler.ts';
import {formatMany, formatTime} from './crawl/format.ts';
import {onInterrupt} from './crawl/interrupt.ts';
import {createLineWriter} from './crawl/output.ts';
import {createPaint} from './crawl/paint.ts';
import {watchPool} from './crawl/pool-watch.ts';
import {createLiveProgress, createPlainProgress} from './crawl/progress.ts';
import {formatReport} from './crawl/report.ts';
import {startSite} from './crawl/site.ts';
import {createTally} from './crawl/tally.ts';

const userAgent = 'aiofetch-crawl/0.1';

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseArguments(args);
    if (options) return await crawl(options);
    process.stdout.write(help);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`crawl: ${error.message} (--help lists the options)\n`);
    return 2;
  }
}

async function crawl(options: CrawlArguments): Promise<number> {
  const {limit, limitPerHost, maxPages, timeout, json} = options;
  await using site = options.starts.length > 0 ? undefined : await startSite();
  const starts = site?.homes ?? options.starts;

  await using session = createSession({
    headers: {'user-agent': userAgent, accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.1'},
    connector: {limit, limitPerHost},
    timeout: {total: timeout},
    // A page that fails is reported as it is: the reader of the report decides whether to try again.
    retry: false,
  });
  const pool = watchPool(session);
  const crawler = createCrawler({...options, session, starts, userAgent, onConnection: pool.look});
  using interrupt = onInterrupt(crawler.stop);
  const records = createLineWriter(process.stdout, {onGone: crawler.stop});

  // With --json, stdout is for programs, and stderr for people.
  const screen = json ? process.stderr : process.stdout;
  const paint = createPaint(screen);
  const tally = createTally();
  const start = performance.now();
  const state = () => ({
    done: tally.pages,
    running: crawler.running,
    waiting: crawler.waiting,
    failed: tally.failed,
    bytes: tally.bytes,
    maxPages,
    time: performance.now() - start,
  });

  const where = `${starts[0]}${starts.length > 1 ? ` and ${starts.length - 1} more` : ''}`;
  screen.write(`${paint('bold', 'Crawling')} ${where}${site ? ', an embedded site' : ''}\n`);
  screen.write(
    `  limit ${limit}, ${limitPerHost} a host, ${formatTime(timeout)} a page, ${formatMany(maxPages, 'page')} at most\n`,
  );
  // On a terminal that shows the records too, a line that is redrawn would break into them.
  const live = screen.isTTY && process.env['TERM'] !== 'dumb' && !(json && process.stdout.isTTY);
  const progress = (live ? createLiveProgress : createPlainProgress)({stream: screen, state, paint});

  for await (const page of crawler) {
    tally.add(page);
    if (page.error && page.error.kind !== 'interrupted')
      progress.print(`  ${page.error.kind.padEnd(20)} ${page.url}`, 'red');
    if (json) await records.write(JSON.stringify(page));
  }
  progress.end();

  const report = formatReport({
    tally,
    skipped: crawler.skipped,
    pool,
    stats: session.stats(),
    time: performance.now() - start,
    interrupted: interrupt.happened,
    paint,
  });
  screen.write(`${report.join('\n')}\n`);
  if (interrupt.happened) return 130;
  return tally.read > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
