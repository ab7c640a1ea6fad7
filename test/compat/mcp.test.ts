import {Client} from '@modelcontextprotocol/sdk/client/index.js';
import {StreamableHTTPClientTransport} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {McpServer} from '@modelcontextprotocol/sdk/server/mcp.js';
import {WebStandardStreamableHTTPServerTransport} from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {createSession} from '../../src/index.ts';
import {bodyOf, startServer} from '../support/http-server.ts';
import {waitFor} from '../support/wait-for.ts';
import type {Answer} from './support/answers.ts';
import {fromHandler, json, reset} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

/** A server with a session: it answers by server-sent events, and keeps a stream open for what it has to say. */
function createServer(): Answer {
  const transports = new Map<string, WebStandardStreamableHTTPServerTransport>();
  return fromHandler(async (request) => {
    const id = request.headers.get('mcp-session-id');
    const known = id !== null && transports.get(id);
    if (known) return known.handleRequest(request);
    const server = new McpServer({name: 'server', version: '1.0.0'}, {capabilities: {logging: {}}});
    server.registerTool('greet', {inputSchema: {name: z.string()}}, async ({name}, {sendNotification}) => {
      for (const data of ['one', 'two']) {
        await sendNotification({method: 'notifications/message', params: {level: 'info', data}});
      }
      return {content: [{type: 'text', text: `Hello ${name}`}]};
    });
    server.registerTool('wait', {}, () => new Promise(() => undefined));
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => 'session-1',
      onsessioninitialized: (created) => void transports.set(created, transport),
    });
    await server.connect(transport);
    return transport.handleRequest(request);
  });
}

async function connect({session, origin}: Pick<Given, 'session' | 'origin'>) {
  const client = new Client({name: 'client', version: '1.0.0'});
  const url = new URL(`${origin}/mcp`);
  const transport = new StreamableHTTPClientTransport(url, {fetch: session.fetch});
  await client.connect(transport);
  return {client, transport};
}

// The client opens its stream of events and sends requests at the same time.
const options = {unordered: true};

describe('@modelcontextprotocol/sdk', () => {
  it('lists tools and calls one, with notifications on the stream', async () => {
    const {outcome, requests} = await compare(
      createServer(),
      async (given) => {
        const {client} = await connect(given);
        const notifications: unknown[] = [];
        client.fallbackNotificationHandler = async ({params}) => void notifications.push(params?.['data']);
        const {tools} = await client.listTools();
        const {content} = await client.callTool({name: 'greet', arguments: {name: 'Ada'}});
        await client.close();
        return {tools: tools.map(({name}) => name), content, notifications};
      },
      options,
    );
    expect(outcome).toEqual({
      tools: ['greet', 'wait'],
      content: [{type: 'text', text: 'Hello Ada'}],
      notifications: ['one', 'two'],
    });
    expect(requests.map(({method}) => method)).toContain('GET');
  });

  it('keeps one slot for its stream of events, so that a host with two slots serves one client', async () => {
    await using session = createSession({connector: {limitPerHost: 2}});
    const answer = createServer();
    let index = 0;
    const {origin} = await startServer(async (request, response) => {
      const {method = '', url: path = '', headers} = request;
      await answer({method, path, headers, body: await bodyOf(request), index: index++}, response);
    });
    const {client} = await connect({session, origin});
    await client.listTools();
    await waitFor(() => session.stats().active === 1);
    await client.close();
    await waitFor(() => session.stats().active === 0);
  });

  it('aborts a call by a signal, and frees all slots when it is closed', async () => {
    const {outcome} = await compare(
      createServer(),
      async (given) => {
        const {client, transport} = await connect(given);
        const controller = new AbortController();
        const call = client.callTool({name: 'wait'}, undefined, {signal: controller.signal});
        controller.abort('stop');
        const error = await call.catch((reason) => reason);
        await transport.terminateSession();
        await client.close();
        return error;
      },
      options,
    );
    expect(outcome).toMatchObject({classes: ['McpError']});
  });

  it('throws its own error of a status', async () => {
    const {outcome, requests} = await compare(json({error: 'no'}, 500), connect);
    expect(outcome).toMatchObject({thrown: {classes: ['StreamableHTTPError'], code: 500}});
    expect(requests).toHaveLength(1);
  });

  it('rejects when the connection is reset, without a retry', async () => {
    const {outcome, requests} = await compare(reset, connect);
    expect(outcome).toMatchObject({thrown: {isNetworkError: true}});
    expect(requests).toHaveLength(1);
  });
});
