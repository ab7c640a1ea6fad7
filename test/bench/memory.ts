import {readFileSync, writeFileSync} from 'node:fs';

/**
 * The memory of this process. `maxRSS` alone is not enough: it begins with the memory of the parent at the start of this
 * process, and can't be reset. Linux has a high-water mark that can.
 *
 * @module
 */

/** Resets the peak, and returns the bytes held now. */
export function startPeak(): number {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // On other systems the peak is that of the whole life of the process.
  }
  return process.memoryUsage.rss();
}

/** The most bytes held since `startPeak`. */
export function readPeak(): number {
  try {
    const mark = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (mark) return Number(mark[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
