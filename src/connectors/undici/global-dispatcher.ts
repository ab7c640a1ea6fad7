/** The dispatcher of undici, as far as it is looked at here. */
interface GlobalDispatcher {
  readonly dispatch: unknown;
}

// Where undici keeps the dispatcher that Node's own `fetch` uses. The undici inside Node writes both from version 8 on, and
// reads the second.
const isSecond = Number.parseInt(process.versions['undici'] ?? '', 10) > 7;
const place = Symbol.for(`undici.globalDispatcher.${isSecond ? 2 : 1}`);
const holder = globalThis as {[place]?: GlobalDispatcher | undefined};

/**
 * Whether Node was told to use the proxies of the environment, by `NODE_USE_ENV_PROXY=1` or `--use-env-proxy`. It then begins
 * with a dispatcher for them, which therefore replaces nothing.
 */
export const usesEnvProxy: boolean =
  holder[place]?.constructor.name === 'EnvHttpProxyAgent' &&
  (process.env['NODE_USE_ENV_PROXY'] === '1' ||
    [...process.execArgv, process.env['NODE_OPTIONS']].join(' ').includes('--use-env-proxy'));

// The last one that was found to be undici's own, which most requests meet again.
let own: GlobalDispatcher | undefined = usesEnvProxy ? holder[place] : undefined;

/** Whether a program has replaced the dispatcher of Node's own `fetch`, by undici's `setGlobalDispatcher()` or in Node's way. */
export function isDispatcherReplaced(): boolean {
  const current = holder[place];
  if (current === own) return false;
  if (current !== undefined && !isDefault(current)) return true;
  own = current;
  return false;
}

/** Undici's own is an `Agent` without options. One that was composed with interceptors has another `dispatch`. */
function isDefault(dispatcher: GlobalDispatcher): boolean {
  const {constructor: made, dispatch} = dispatcher;
  if (made.name !== 'Agent' || dispatch !== made.prototype.dispatch) return false;
  const key = Object.getOwnPropertySymbols(dispatcher).find(({description}) => description === 'options');
  const options: object = (key && dispatcher[key as never]) ?? {};
  return Object.values(options).every((value) => value === undefined || value === Infinity);
}
