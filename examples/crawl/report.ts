import type {SessionStats} from 'aiofetch';
import {formatBytes, formatCount, formatMany, formatTable, formatTime, shorten} from './format.ts';
import type {Paint} from './paint.ts';
import type {PoolWatch} from './pool-watch.ts';
import type {Tally} from './tally.ts';

export interface ReportInput {
  readonly tally: Tally;
  readonly skipped: ReadonlyMap<string, number>;
  readonly pool: PoolWatch;
  readonly stats: SessionStats;
  /** How long the crawl took, in ms. */
  readonly time: number;
  readonly interrupted: boolean;
  readonly paint: Paint;
}

/** The results of a crawl, as lines for people. */
export function formatReport(input: ReportInput): string[] {
  const sections = [summary(input), statuses(input), faults(input), skips(input), pool(input)];
  return sections.filter((section) => section.length > 0).flatMap((section) => ['', ...section]);
}

function summary(input: ReportInput): string[] {
  const {tally, time, stats, paint} = input;
  const {pages, read, redirects, failed, bytes, hosts} = tally;
  const rate = time > 0 ? Math.round((pages / time) * 1_000) : 0;
  const parts = [
    paint('green', `${formatCount(read)} read`),
    `${formatCount(redirects)} redirected`,
    paint(failed > 0 ? 'red' : 'dim', `${formatCount(failed)} failed`),
  ];
  if (tally.interrupted > 0) parts.push(paint('yellow', `${formatCount(tally.interrupted)} interrupted`));
  return [
    `${title(input)}: ${formatMany(pages, 'page')} of ${formatMany(hosts.size, 'host')} in ${formatTime(time)}`,
    `  Pages   ${parts.join(', ')}`,
    `  Bytes   ${formatBytes(bytes)} (${formatBytes(stats.totals.bytesReceived)} on the wire)`,
    `  Speed   ${formatMany(rate, 'page')} a second`,
  ];
}

function title({tally, interrupted, paint}: ReportInput): string {
  if (interrupted) return paint(['bold', 'yellow'], 'Interrupted');
  return tally.read > 0 ? paint('bold', 'Done') : paint(['bold', 'red'], 'Nothing read');
}

function statuses({tally, paint}: ReportInput): string[] {
  if (tally.statuses.size === 0) return [];
  const most = Math.max(...tally.statuses.values());
  const sorted = [...tally.statuses].sort(([first], [second]) => first - second);
  const lines = formatTable(
    sorted.map(([status, count]) => [String(status), formatCount(count)]),
    [{}, {align: 'right'}],
  );
  return [
    paint('bold', 'Statuses'),
    ...lines.map((line, index) => {
      const [status = 0, count = 0] = sorted[index] ?? [];
      const color = status < 300 ? 'green' : status < 400 ? 'cyan' : 'red';
      return `  ${line}  ${paint(color, '█'.repeat(Math.max(1, Math.round((count / most) * 30))))}`;
    }),
  ];
}

function faults({tally, paint}: ReportInput): string[] {
  if (tally.faults.size === 0) return [];
  const sorted = [...tally.faults].sort(
    ([first, {count}], [second, other]) => other.count - count || first.localeCompare(second),
  );
  const lines = formatTable(
    sorted.map(([kind, {count}]) => [kind, formatCount(count)]),
    [{}, {align: 'right'}],
  );
  return [
    paint('bold', 'Errors by kind'),
    ...lines.map((line, index) => {
      const fault = sorted[index]?.[1];
      const more = fault && fault.count > 1 ? ', …' : '';
      return `  ${line}  ${paint('dim', shorten(fault?.example ?? '', 80) + more)}`;
    }),
  ];
}

function skips({skipped, paint}: ReportInput): string[] {
  if (skipped.size === 0) return [];
  const sorted = [...skipped].sort(([, first], [, second]) => second - first);
  const lines = formatTable(
    sorted.map(([reason, count]) => [reason, formatCount(count)]),
    [{}, {align: 'right'}],
  );
  return [paint('bold', 'Not requested'), ...lines.map((line) => `  ${line}`)];
}

function pool({tally, pool: {active, open, hosts}, stats, paint}: ReportInput): string[] {
  const {sent, reused, opened} = stats.totals;
  const header = ['host', 'pages', 'failed', 'bytes', 'in use', 'open', 'opened', 'reuse'];
  const rows = [...tally.hosts].map(([origin, {pages, failed, bytes}]) => {
    const host = hosts.get(origin) ?? {active: 0, open: 0, opened: 0};
    return [
      origin,
      formatCount(pages),
      formatCount(failed),
      formatBytes(bytes),
      formatCount(host.active),
      formatCount(host.open),
      formatCount(host.opened),
      percent(Math.max(0, pages - host.opened), pages),
    ];
  });
  const columns = header.map((_, index) => ({align: index === 0 ? 'left' : 'right'}) as const);
  const [head = '', ...lines] = formatTable([header, ...rows], columns);
  return [
    `${paint('bold', 'Pool')}: limit ${limitText(stats.limit)}, ${limitText(stats.limitPerHost)} for each host`,
    `  Peak    ${active} in use, ${open} open`,
    `  Reuse   ${formatMany(sent, 'request')} over ${formatMany(opened, 'connection')}, ${percent(reused, sent)} on a reused one`,
    ...(lines.length > 0 ? ['', `  ${paint('dim', head)}`] : []),
    ...lines.map((line) => `  ${line}`),
  ];
}

function percent(part: number, whole: number): string {
  return `${whole > 0 ? Math.round((part / whole) * 100) : 0}%`;
}

function limitText(limit: number): string {
  return limit === 0 || limit === Infinity ? 'none' : formatCount(limit);
}
