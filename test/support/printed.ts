import {afterEach, beforeEach, expect, vi} from 'vitest';

/** Hides what the tests of a file print to the console, and fails a test that prints nothing. */
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
