import {describe, expect, it} from 'vitest';
import {download} from '../../../src/index.ts';
import {patternOf, startFileServer} from '../../support/file-server.ts';
import {openSession} from '../../support/open-session.ts';
import {collectToFailure} from '../../unit/streams/support.ts';

const content = patternOf(5_000);
const etag = '"one"';

describe('a download whose connection is cut', () => {
  it.each([0, 1, 2, 4_998, 4_999])(
    'a download that is cut after %d bytes continues from there',
    async (cut) => {
      const server = await startFileServer({
        content,
        etag,
        cutAfter: (request) => (request === 0 ? cut : undefined),
      });
      const {session, stats} = openSession();
      const {all, error} = await collectToFailure(download(session, server.origin));
      expect(error).toBeUndefined();
      expect(Buffer.concat(all).equals(content)).toBe(true);
      expect(server.ranges).toEqual([undefined, cut === 0 ? undefined : `bytes=${cut}-`]);
      expect(stats().active).toBe(0);
    },
  );
});
