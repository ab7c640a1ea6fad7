/** A client that is tested on `session.fetch`: a row of README's table, in Markdown. */
export interface Client {
  /** The package that is tested. */
  readonly name: string;
  /** How the client gets `session.fetch`. The file of its tests does the same. */
  readonly pass: string;
  /** What there is to know and to set. */
  readonly set: string;
  /** The file of its tests. */
  readonly file: string;
}

export const clients: readonly Client[] = [
  {
    name: 'openai',
    pass: 'new OpenAI({fetch: session.fetch})',
    set: 'its `maxRetries` (2) and `timeout` (10 minutes)',
    file: 'openai.test.ts',
  },
  {
    name: '@anthropic-ai/sdk',
    pass: 'new Anthropic({fetch: session.fetch})',
    set: 'its `maxRetries` (2) and `timeout` (10 minutes)',
    file: 'anthropic.test.ts',
  },
  {
    name: 'ai',
    pass: 'createOpenAI({fetch: session.fetch})',
    set: '`maxRetries` (2) of `generateText` and `streamText`; other providers take `fetch` too',
    file: 'ai.test.ts',
  },
  {
    name: '@modelcontextprotocol/sdk',
    pass: 'new StreamableHTTPClientTransport(url, {fetch: session.fetch})',
    set: 'a `limitPerHost` above the number of clients, each of which keeps a stream of events open',
    file: 'mcp.test.ts',
  },
  {
    name: 'octokit',
    pass: 'new Octokit({request: {fetch: session.fetch}})',
    set: 'its `retry: {retries}` (3) and `throttle`',
    file: 'octokit.test.ts',
  },
  {
    name: 'stripe',
    pass: 'new Stripe(key, {httpClient: Stripe.createFetchHttpClient(session.fetch)})',
    set: 'its `maxNetworkRetries` (2) and `timeout` (80 s). It repeats a request once after `ECONNRESET`, even with 0, as on its own client of Node',
    file: 'stripe.test.ts',
  },
  {
    name: '@supabase/supabase-js',
    pass: 'createClient(url, key, {global: {fetch: session.fetch}})',
    set: '`.retry(false)` where a read must not be repeated; it repeats reads 3 times',
    file: 'supabase.test.ts',
  },
  {
    name: 'graphql-request',
    pass: 'new GraphQLClient(url, {fetch: session.fetch})',
    set: 'it makes no retries',
    file: 'graphql-request.test.ts',
  },
  {
    name: '@trpc/client',
    pass: 'httpBatchLink({url, fetch: session.fetch})',
    set: 'its `retryLink`, which makes all retries; other HTTP links take `fetch` too',
    file: 'trpc.test.ts',
  },
  {
    name: 'openapi-fetch',
    pass: 'createClient<paths>({fetch: session.fetch})',
    set: 'it makes no retries',
    file: 'openapi-fetch.test.ts',
  },
  {
    name: 'ky',
    pass: 'ky.create({fetch: session.fetch})',
    set: 'its `retry` (2) and `timeout` (10 s)',
    file: 'ky.test.ts',
  },
  {
    name: 'axios',
    pass: "axios.create({adapter: 'fetch', env: {fetch: session.fetch}})",
    set: 'it makes no retries. A body that breaks is its `ERR_NETWORK`; of built-in `fetch` it is a `TypeError`',
    file: 'axios.test.ts',
  },
  {
    name: 'ofetch',
    pass: 'createFetch({fetch: session.fetch})',
    set: 'its `retry` (1, none for methods with a body)',
    file: 'ofetch.test.ts',
  },
  {
    name: '@aws-sdk/client-s3',
    pass: 'new S3Client({requestHandler: new FetchHttpHandler({customFetch: session.fetch})})',
    set: 'its `maxAttempts` (3); the handler is that of `@smithy/fetch-http-handler`',
    file: 'aws-sdk-s3.test.ts',
  },
  {
    name: 'aws4fetch',
    pass: 'session.fetch(await aws.sign(url))',
    set: '`retry` of the session, since only its own `fetch` makes retries',
    file: 'aws4fetch.test.ts',
  },
];

/** The rows of README's table. */
export function tableRows(): string[] {
  return clients.map(({name, pass, set}) => `| ${name} | \`${pass}\` | ${set} |`);
}
