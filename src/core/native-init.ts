/** Members of a `RequestInit` that only a native fetch knows what to do with. */
export type NativeInit = Pick<
  RequestInit,
  keyof RequestInit &
    (
      | 'cache'
      | 'credentials'
      | 'integrity'
      | 'keepalive'
      | 'mode'
      | 'priority'
      | 'referrer'
      | 'referrerPolicy'
    )
>;

export const nativeMembers = [
  'cache',
  'credentials',
  'integrity',
  'keepalive',
  'mode',
  'priority',
  'referrer',
  'referrerPolicy',
] as const satisfies ReadonlyArray<keyof NativeInit>;

// What they are where nothing was asked for, as in any `Request`. Not every runtime takes them back: workers refuse some.
const nativeDefaults: NativeInit = {
  cache: 'default',
  credentials: 'same-origin',
  integrity: '',
  keepalive: false,
  mode: 'cors',
  referrer: 'about:client',
  referrerPolicy: '',
};

/**
 * Those members that ask for something, of `init` or else of the `Request` it is laid over. Read one by one: a
 * `Request` is a valid init, and its members are getters.
 */
export function nativeOf(init: NativeInit, request?: NativeInit): NativeInit | undefined {
  let native: Record<string, unknown> | undefined;
  for (const name of nativeMembers) {
    const value = init[name] ?? request?.[name];
    if (value === undefined || value === nativeDefaults[name]) continue;
    native ??= {};
    native[name] = value;
  }
  return native;
}
