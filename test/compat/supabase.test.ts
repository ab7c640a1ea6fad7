import {createClient} from '@supabase/supabase-js';
import {describe, expect, it} from 'vitest';
import {bytes, events, inTurn, json, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

const key = 'key';

function connect({session, origin: url}: Given) {
  return createClient(url, key, {
    global: {fetch: session.fetch},
    auth: {persistSession: false, autoRefreshToken: false, detectSessionInUrl: false},
  });
}

describe('@supabase/supabase-js', () => {
  it('selects, inserts and calls functions of the database', async () => {
    const {outcome, requests} = await compare(json([{id: 1, name: 'Mars'}]), async (given) => {
      const supabase = connect(given);
      const {data} = await supabase.from('planets').select('id,name').eq('name', 'Mars').limit(1);
      await supabase.from('planets').insert({name: 'Vénus'});
      await supabase.rpc('count_planets', {kind: 'gas'});
      return data;
    });
    expect(outcome).toEqual([{id: 1, name: 'Mars'}]);
    expect(requests.map(({method, path}) => `${method} ${path}`)).toEqual([
      'GET /rest/v1/planets?select=id%2Cname&name=eq.Mars&limit=1',
      'POST /rest/v1/planets',
      'POST /rest/v1/rpc/count_planets',
    ]);
  });

  it('signs in', async () => {
    const user = {id: 'u', aud: 'authenticated', email: 'ada@example.com'};
    const answer = json({
      access_token: 'a.b.c',
      refresh_token: 'r',
      expires_in: 60,
      token_type: 'bearer',
      user,
    });
    const {outcome} = await compare(answer, async (given) => {
      const {data} = await connect(given).auth.signInWithPassword({email: user.email, password: 'secret'});
      return data.user?.email;
    });
    expect(outcome).toBe('ada@example.com');
  });

  it.each([
    ['a Blob', () => new Blob(['content'], {type: 'text/plain'})],
    ['bytes', () => new TextEncoder().encode('content')],
    [
      'a form',
      () => {
        const form = new FormData();
        form.append('', new File(['content'], 'a.txt'));
        return form;
      },
    ],
  ])('uploads %s', async (_kind, makeBody) => {
    const {outcome, requests} = await compare(json({Id: '1', Key: 'bucket/a.txt'}), async (given) => {
      const {data} = await connect(given).storage.from('bucket').upload('a.txt', makeBody());
      return data?.path;
    });
    expect(outcome).toBe('a.txt');
    expect(requests).toMatchObject([{body: expect.stringContaining('content')}]);
  });

  it('downloads a file', async () => {
    const {outcome} = await compare(bytes('content'), async (given) => {
      const {data} = await connect(given).storage.from('bucket').download('a.txt');
      return data?.text();
    });
    expect(outcome).toBe('content');
  });

  it('reads events of a function as they are streamed, and frees the slot when they are cancelled', async () => {
    const {outcome} = await compare(events([[undefined, 'one']], {endless: true}), async (given) => {
      const {data} = await connect(given).functions.invoke('stream');
      const reader = (data as Response).body?.getReader();
      const first = await reader?.read();
      await reader?.cancel();
      return first?.value;
    });
    expect(outcome).toBe('data: one\n\n');
  });

  it('is aborted by a signal', async () => {
    const {outcome} = await compare(silence, async (given) => {
      const {error} = await connect(given).from('planets').select().abortSignal(given.signal);
      return [error?.message, error?.code];
    });
    expect(outcome).toEqual([expect.stringContaining('AbortError'), expect.anything()]);
  });

  it('gives its own error of a status', async () => {
    const {outcome} = await compare(json({message: 'denied', code: '42501'}, 403), async (given) => {
      const {error, status} = await connect(given).from('planets').select();
      return [status, error];
    });
    expect(outcome).toEqual([403, expect.objectContaining({message: 'denied', code: '42501'})]);
  });

  it('retries a read that is refused for a moment, and leaves a write', async () => {
    const answer = json({message: 'busy'}, 503, {'retry-after': '0'});
    const reading = await compare(
      answer,
      async (given) => (await connect(given).from('planets').select()).status,
    );
    expect([reading.outcome, reading.requests.length]).toEqual([503, 4]);
    const told = await compare(
      answer,
      async (given) => (await connect(given).from('planets').select().retry(false)).status,
    );
    expect([told.outcome, told.requests.length]).toEqual([503, 1]);
    const writing = await compare(
      answer,
      async (given) => (await connect(given).from('planets').insert({id: 1})).status,
    );
    expect([writing.outcome, writing.requests.length]).toEqual([503, 1]);
  });

  it('retries a read after a reset connection, and leaves a write', async () => {
    const reading = await compare(
      inTurn(reset, json([])),
      async (given) => (await connect(given).from('planets').select()).data,
    );
    expect(reading.requests).toHaveLength(2);
    const writing = await compare(reset, async (given) => {
      const {error} = await connect(given).from('planets').insert({id: 1});
      return error?.message;
    });
    expect(writing.requests).toHaveLength(1);
  });
});
