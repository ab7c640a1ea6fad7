import {readFileSync, writeFileSync} from 'node:fs';

/**
 * What this process holds of the machine's memory. `maxRSS` alone won't do: it begins with what the parent held when it
 * started this process, and can't be set back. Linux has a mark that can.
 *
 * @module
 */

/** The bytes held now, from which on the peak is counted. */
export function startPeak(): number {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Elsewhere the peak is that of the whole life of the process.
  }
  return process.memoryUsage.rss();
}

/** The most bytes held since then. */
export function readPeak(): number {
  try {
    const mark = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (mark) return Number(mark[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
