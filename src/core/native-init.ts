/** Members of a `RequestInit` that only a native fetch can use. */
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

/** The names of the members of {@link NativeInit}. */
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

// The values that every `Request` has by default. They are not passed on, because some runtimes (workers) refuse some of
// them.
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
 * The members of `init`, or else of `request`, that differ from the default. They are read one by one, because a `Request`
 * is a valid init and its members are getters.
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
