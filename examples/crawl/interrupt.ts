export interface Interrupt {
  /** Whether Ctrl-C was pressed. */
  readonly happened: boolean;
  [Symbol.dispose](): void;
}

// `npm start` hands Ctrl-C on to a process that the terminal has told already: so soon after, it's the same one.
const sameKeyPress = 300;

/** The first Ctrl-C stops in order, another quits at once. */
export function onInterrupt(stop: () => void): Interrupt {
  let first: number | undefined;
  const handle = () => {
    if (first === undefined) {
      first = performance.now();
      stop();
    } else if (performance.now() - first > sameKeyPress) {
      process.exit(130);
    }
  };
  process.on('SIGINT', handle);
  return {
    get happened() {
      return first !== undefined;
    },
    [Symbol.dispose]: () => process.off('SIGINT', handle),
  };
}
