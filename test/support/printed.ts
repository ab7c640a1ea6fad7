import {afterEach, beforeEach, expect, vi} from 'vitest';

/** Keeps what the tests of the file print to the console out of sight; each has to print something. */
export function expectPrinting() {
  const printed = vi.spyOn(console, 'log');
  beforeEach(() => {
    printed.mockImplementation(() => {});
  });
  afterEach(() => {
    expect(printed).toHaveBeenCalled();
    printed.mockReset();
  });
  return printed;
}
