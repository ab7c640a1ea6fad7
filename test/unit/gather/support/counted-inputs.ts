/** Inputs that know how far they have been read, and what their end was. */
export function countedInputs(count: number, kind: 'sync' | 'async' = 'sync') {
  const state = {read: 0, end: undefined as 'exhausted' | 'closed' | undefined};
  function* numbers() {
    try {
      while (state.read < count) yield state.read++;
      state.end = 'exhausted';
    } finally {
      state.end ??= 'closed';
    }
  }
  async function* later() {
    yield* numbers();
  }
  return Object.assign(state, {inputs: kind === 'sync' ? numbers() : later()});
}
