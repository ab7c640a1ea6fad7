/**
 * A connector of your own, over XMLHttpRequest. `createConnector` adds limits, queue, timeouts, statistics and typed errors,
 * so that the connector only has to send one request. It is made for pages. On Node the example brings a small
 * XMLHttpRequest of its own.
 *
 *     npm run example xhr-connector [url]
 */
import {createSession} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';
import {xhrConnector} from './xhr-connector/connector.ts';
import {XmlHttpRequest} from './xhr-connector/xml-http-request.ts';

export async function main(url?: string) {
  Object.assign(globalThis, {XMLHttpRequest: globalThis.XMLHttpRequest ?? XmlHttpRequest});
  await using server = url ? undefined : await serveJson(({method}) => ({method}));
  const target = url ?? server?.url ?? '';

  await using connector = xhrConnector({limitPerHost: 2});
  await using session = createSession({connector, timeout: 10_000});
  const calls = Array.from({length: 6}, async () => (await session.fetch(target)).text());
  const {active, queued} = session.stats();
  const texts = await Promise.all(calls);
  const {totals} = session.stats();
  console.log(`${texts.length} responses, for example ${texts[0]?.slice(0, 80)}`);
  console.log(
    `${active} requests had a slot, ${queued} waited in the queue; ${totals.bytesReceived} bytes received`,
  );
  return {texts, active, queued};
}

await runDirectly(import.meta, main);
