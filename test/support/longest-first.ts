import type {TestSpecification} from 'vitest/node';
import {BaseSequencer} from 'vitest/node';

// The files that take longest, in that order. Vitest knows from earlier runs how long a file takes, but orders projects by
// their names first, and in a fresh clone it knows nothing.
const longest = [
  'test/conformance/runtimes.test.ts',
  'test/playground/browser/page.test.ts',
  'test/connectors/undici/http2/soak.test.ts',
  'test/connectors/undici/event-source.test.ts',
  'test/package/typescript.test.ts',
  'test/unit/policies/rate-limit/rate-limit.test.ts',
  'test/openapi/documents.test.ts',
  'test/openapi/hostile.test.ts',
  'test/redis/fleet.test.ts',
  'test/redis/shared-quota.test.ts',
  'test/examples/crawl.test.ts',
  'test/connectors/undici/process.test.ts',
  'test/connectors/undici/timeouts.test.ts',
  'test/node/download-interrupted.test.ts',
  'test/docs/snippets.test.ts',
];

function rankOf({moduleId}: TestSpecification): number {
  const rank = longest.findIndex((file) => moduleId.endsWith(file));
  return rank === -1 ? longest.length : rank;
}

/** Starts the files that take longest first, so that no processor is idle while the last file runs. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}
