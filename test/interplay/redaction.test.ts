import {inspect} from 'node:util';
import {expect, it} from 'vitest';
import {recordHar} from '../../src/har/index.ts';
import type {SessionOptions} from '../../src/index.ts';
import {apiKey, logCalls} from '../../src/index.ts';
import {openTelemetry} from '../../src/opentelemetry/index.ts';
import {mockSession, rejection} from '../support/mock-session.ts';
import {startSdk} from '../unit/opentelemetry/support.ts';

// One secret in every place of a call that may hold one, and every output of the package that a log may get.
const secret = 's3cret-0123456789abcdef';
const baseUrl = 'https://api.test/v1/';

const auths: Record<string, SessionOptions['auth']> = {
  bearer: {bearer: secret},
  basic: {basic: {username: 'ada', password: secret}},
  'an API key in a header of any name': apiKey({header: 'x-unusual', value: secret}),
  'an API key in the query': apiKey({query: 'unusual', value: secret}),
};

it.each(Object.keys(auths))('no output shows the credential, a query value or a body: %s', async (name) => {
  const {tracerProvider, meterProvider, spans} = startSdk();
  const lines: string[] = [];
  const recorder = recordHar();
  const {session, calls} = mockSession(
    ({url}) => {
      const headers = {'set-cookie': `sid=${secret}`, 'x-api-key': secret, location: `/next?token=${secret}`};
      if (url.includes('fails')) throw new Error('refused');
      return new Response(`{"password": "${secret}`, {status: url.includes('json') ? 200 : 500, headers});
    },
    {
      baseUrl,
      auth: auths[name],
      headers: {cookie: `sid=${secret}`, 'x-client-secret': secret},
      trace: [
        recorder.listener,
        logCalls((line) => lines.push(line)),
        openTelemetry({tracerProvider, meterProvider}).listener,
      ],
    },
  );
  const options = {searchParams: {q: secret}, json: {password: secret}};
  const errors = [
    await rejection(session.post('status', options).text()),
    await rejection(session.post('json', options).json()),
    await rejection(session.post('fails', options).text()),
    await rejection(session.post(`https://ada:${secret}@other.test/fails?key=${secret}#${secret}`, options)),
  ];
  expect(calls.length).toBeGreaterThan(2);
  expect(JSON.stringify(calls.map(({url, headers}) => [url, [...headers]]))).toContain(secret);
  const outputs = {
    errors: errors.flatMap((error) => [
      String(error),
      error.message,
      error.stack,
      JSON.stringify(error),
      inspect(error, {depth: Infinity}),
    ]),
    log: lines,
    har: JSON.stringify(recorder),
    spans: spans().map(({name, attributes, events, status}) =>
      JSON.stringify({name, attributes, events, status}),
    ),
  };
  const encoded = Buffer.from(`ada:${secret}`).toString('base64');
  for (const [output, text] of Object.entries(outputs)) {
    expect(text.length, output).toBeGreaterThan(0);
    expect([text].flat().join('\n'), output).not.toContain(secret);
    expect([text].flat().join('\n'), output).not.toContain(encoded);
  }
});
