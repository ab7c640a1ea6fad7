import {readdirSync, readFileSync} from 'node:fs';

/** The length of a clock tick of proc(5), in seconds. Linux has a hundred of them in a second. */
const tick = 0.01;

/** The CPU time of all processes of a process group so far, in seconds; NaN where the system doesn't tell. */
export function groupTime(group: number): number {
  let time = Number.NaN;
  try {
    for (const name of readdirSync('/proc')) {
      if (/^\d+$/.test(name)) time = add(time, timeOf(`/proc/${name}/stat`, group));
    }
  } catch {
    // Not Linux.
  }
  return time;
}

function add(sum: number, time: number | undefined): number {
  if (time === undefined) return sum;
  return Number.isNaN(sum) ? time : sum + time;
}

/** The time of a process of the group with its ended children; `undefined` when it belongs to another or has ended. */
function timeOf(file: string, group: number): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  return parseStat(text, group);
}

/** The same of a line of proc(5). */
export function parseStat(text: string, group: number): number | undefined {
  // The name of the program, in brackets, can contain anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (Number(fields[2]) !== group) return undefined;
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]) * tick, 0);
}
