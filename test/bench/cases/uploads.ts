import type {Case} from './case.ts';
import {allPeers} from './case.ts';
import {requestCase} from './request-case.ts';

const size = 100_000;
// ky, ofetch, openapi-fetch and the verbs hand a stream to `fetch` as it is.
const uploaders = allPeers.filter(
  (peer) => !['session.get', 'typed client', 'ky', 'ofetch', 'openapi-fetch'].includes(peer),
);

/** Many bodies from streams, where `upload` sends a single large one. */
export const streamedUpload: Case = requestCase({
  name: 'stream-up',
  title: 'POST of 100 kB from a stream, 16 at once',
  operation: 'upload',
  path: '/upload',
  value: size,
  expected: {received: size},
  concurrency: 16,
  peers: uploaders,
  ratios: [
    {against: 'fetch', by: 'cpu'},
    {against: 'undici.request', by: 'cpu'},
  ],
});
