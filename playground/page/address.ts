import type {Settings} from '../model/settings.ts';
import {defaultSettings, readSettings} from '../model/settings.ts';

/** The settings after the `#` of an address, with the defaults for the others. */
export function readAddress(hash: string): Settings {
  const given = Object.fromEntries(
    [...new URLSearchParams(hash.slice(1))].map(([name, value]) => {
      const fallback = defaultSettings[name as keyof Settings];
      if (typeof fallback === 'number') return [name, Number(value)];
      return [name, typeof fallback === 'boolean' ? value === 'true' : value];
    }),
  );
  return readSettings(given);
}

/** Writes the settings that aren't defaults into the address, so that a user can send it to somebody. */
export function writeAddress(settings: Settings): void {
  const others = Object.entries(settings).filter(
    ([name, value]) => value !== defaultSettings[name as keyof Settings],
  );
  const hash = new URLSearchParams(others.map(([name, value]) => [name, String(value)])).toString();
  history.replaceState(null, '', hash ? `#${hash}` : location.pathname + location.search);
}
