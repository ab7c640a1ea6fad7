import {context, metrics, propagation, trace} from '@opentelemetry/api';
import {expect, test} from 'vitest';
import {main as monitorPool} from '../../examples/monitor-pool.ts';
import {main as openTelemetry} from '../../examples/open-telemetry.ts';
import {main as traceSlowPhases} from '../../examples/trace-slow-phases.ts';
import {expectPrinting} from '../support/printed.ts';

const printed = expectPrinting();

test('slow calls are reported with their slowest phase', async () => {
  const slow = await traceSlowPhases();
  expect(slow).toContainEqual({url: expect.stringMatching(/slow$/), phase: 'wait'});
  // The last pair of six waits for two pairs before it, and then for its own response.
  expect(slow.filter(({phase}) => phase === 'queued')).not.toEqual([]);
  expect(printed).toHaveBeenCalledWith(expect.stringMatching(/^GET 127\.0\.0\.1:\d+\/fast 200 \d+ ms$/));
});

test('OpenTelemetry gets a span for each attempt, and the server gets its context', async () => {
  const {requests, names, sent} = await openTelemetry();
  for (const api of [context, propagation, trace, metrics]) api.disable();
  expect(requests.map(({name}) => name)).toEqual(['GET', 'GET', 'load the page']);
  expect(requests[0]?.attributes).toMatchObject({'error.type': '503'});
  expect(requests[1]?.attributes).toMatchObject({
    'http.response.status_code': 200,
    'http.request.resend_count': 1,
    'url.full': expect.stringMatching(/\?token=REDACTED$/),
  });
  expect(sent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-01$/);
  expect(names).toEqual([
    'http.client.request.duration',
    'http.client.active_requests',
    'http.client.open_connections',
  ]);
});

test('a pool that is too small shows in its queue', async () => {
  const {peak, totals, opened, advice} = await monitorPool();
  expect(totals).toMatchObject({sent: 60, opened: 5, reused: 55, errors: 0});
  expect(opened).toBe(5);
  expect(peak).toEqual({active: 5, queued: 15});
  expect(advice).toMatch(/raise the limit/);
});
