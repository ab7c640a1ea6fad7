import type {SessionOptions} from './options.ts';

/**
 * Returns the options as they are. `#root-options` leads here in pages, whose browser keeps the cookies itself: there
 * `cookies` is an unknown option.
 */
export function rootOptions<Options extends SessionOptions>(options: Options): Options {
  return options;
}
