/** Makes a function that runs tasks one after the other, in the order of the calls. */
export function inTurn(): (task: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (task) => {
    const done = last.then(task);
    // The next task runs even if this one fails.
    last = done.catch(() => undefined);
    return done;
  };
}
