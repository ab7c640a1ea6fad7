import {checkKnown} from './check-options.ts';

/** A check of each option, which returns the value that holds. */
export type OptionChecks<Settings> = {
  readonly [Name in keyof Settings]-?: (option: string, value: never) => Settings[Name];
};

/**
 * Checks the given options and puts them over `base`. An option that is `undefined` counts as absent.
 *
 * @param where - the option or function that has these options, for errors
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
 */
export function mergeOptions<Settings extends object>(
  where: string,
  base: Settings,
  given: {readonly [Name in keyof Settings]?: unknown},
  checks: OptionChecks<Settings>,
): Settings {
  const names = Object.keys(checks) as Array<keyof Settings & string>;
  checkKnown(where, given, names);
  const merged = {...base};
  for (const name of names) {
    const value = given[name];
    if (value !== undefined) merged[name] = checks[name](`${where}.${name}`, value as never);
  }
  return merged;
}
