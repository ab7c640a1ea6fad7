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

// The values that every `Request` has by default. They are not passed on, because some runtimes (workers) refuse some of
// them. `priority` can't be read from a `Request`.
const nativeDefaults: Readonly<Record<keyof NativeInit, unknown>> = {
  cache: 'default',
  credentials: 'same-origin',
  integrity: '',
  keepalive: false,
  mode: 'cors',
  priority: undefined,
  referrer: 'about:client',
  referrerPolicy: '',
};

/** The names of the members of {@link NativeInit}. */
export const nativeMembers = /* @__PURE__ */ Object.keys(nativeDefaults) as ReadonlyArray<keyof NativeInit>;

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
