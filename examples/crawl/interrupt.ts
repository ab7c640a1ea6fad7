export interface Interrupt {
  /** Whether Ctrl-C was pressed. */
  readonly happened: boolean;
  [Symbol.dispose](): void;
}

// `npm start` forwards Ctrl-C to a process that already got it from the terminal: a signal that soon after the first is the same one.
const sameKeyPress = 300;

/** The first Ctrl-C stops the crawl in order; the second quits at once. */
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
