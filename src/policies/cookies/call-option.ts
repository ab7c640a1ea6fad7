import {assertOption} from '../../utils/check-options.ts';

/** The option `cookies` of a call. Of its own, so that a policy without a jar can take it without tough-cookie. */
export const cookiesCallOption = {
  /** @throws InvalidOptionError */
  cookies(value: unknown): unknown {
    assertOption(value === false, 'cookies', value, 'false in a call');
    return value;
  },
};
