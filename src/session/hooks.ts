import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import type {Hooks, KyOptions} from './call-options.ts';

/** Joins two sets of hooks. The hooks of `first` run first. `undefined` if there are none. */
export function mergeHooks(first: Hooks | undefined, second: Hooks | undefined): Hooks | undefined {
  if (!first || !second) return first ?? second;
  const merged: Record<string, unknown[]> = {};
  for (const hooks of [first, second]) {
    for (const [name, list] of Object.entries(hooks)) {
      merged[name] = [...(merged[name] ?? []), ...(list ?? [])];
    }
  }
  return merged as unknown as Hooks;
}

/**
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown hook
 */
export function checkHookOptions({hooks, context}: Pick<KyOptions, 'hooks' | 'context'>): void {
  assertOption(context === undefined || isRecord(context), 'context', context, 'an object');
  if (hooks === undefined) return;
  assertOption(isRecord(hooks), 'hooks', hooks, 'an object of lists of functions');
  checkKnown('hooks', hooks, ['init', 'beforeRequest', 'beforeError', 'afterResponse']);
  for (const [name, list] of Object.entries(hooks)) {
    if (list === undefined) continue;
    const option = `hooks.${name}`;
    const isList = Array.isArray(list) && list.every((hook) => typeof hook === 'function');
    assertOption(isList, option, list, 'a list of functions');
  }
}

function isRecord(value: unknown): boolean {
  return isObject(value) && !Array.isArray(value);
}
