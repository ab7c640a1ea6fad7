import type {ErrorDetails, Phase, RedactedRequest} from 'aiofetch';
import {
  AiofetchError,
  ConnectionError,
  HTTPError,
  type InvalidOptionError,
  type JsonError,
  type RedirectError,
  type ResponseTooLargeError,
  type SchemaError,
  type SessionClosedError,
  TimeoutError,
  type UnsupportedOptionError,
} from 'aiofetch';
import {describe, expectTypeOf, test} from 'vitest';

declare const error: unknown;

describe('errors are told apart by instanceof', () => {
  test('an HTTPError has the response', () => {
    if (!(error instanceof HTTPError)) return;
    expectTypeOf(error.status).toEqualTypeOf<number>();
    expectTypeOf(error.headers).toEqualTypeOf<Headers>();
    expectTypeOf(error.response).toEqualTypeOf<Response>();
  });

  test('an HTTPError has data of a type that the caller may name', () => {
    expectTypeOf<HTTPError>().toEqualTypeOf<HTTPError<unknown>>();
    expectTypeOf<HTTPError<{reason: string}>['data']>().toEqualTypeOf<{reason: string}>();
    expectTypeOf(new HTTPError(new Response(), [1])).toEqualTypeOf<HTTPError<number[]>>();
    expectTypeOf<HTTPError<string>>().toExtend<HTTPError>();
    // @ts-expect-error `data` is unknown without a type argument.
    const data: string = (error as HTTPError).data;
    void data;
  });

  test('a TimeoutError has only the phases that have a timeout', () => {
    if (!(error instanceof TimeoutError)) return;
    expectTypeOf(error.phase).toEqualTypeOf<'total' | 'attempt' | 'pool' | 'connect' | 'read' | 'unread'>();
    expectTypeOf(error.limit).toEqualTypeOf<number>();
    // @ts-expect-error There is no timeout of the phase `dns`.
    if (error.phase === 'dns') return;
  });

  test('a network error is a TypeError too', () => {
    expectTypeOf<ConnectionError>().toExtend<TypeError>();
    expectTypeOf<ConnectionError>().toExtend<AiofetchError>();
    expectTypeOf<RedirectError>().toExtend<TypeError>();
    expectTypeOf<RedirectError>().toExtend<AiofetchError>();
    expectTypeOf<ConnectionError['phase']>().toEqualTypeOf<Phase>();
  });

  test('the error of a body that is not JSON is a SyntaxError too', () => {
    expectTypeOf<JsonError>().toExtend<SyntaxError>();
    expectTypeOf<JsonError>().toExtend<AiofetchError>();
  });

  test('every error has the members that are safe to log', () => {
    if (!(error instanceof AiofetchError)) return;
    expectTypeOf(error.code).toEqualTypeOf<string>();
    expectTypeOf(error.phase).toEqualTypeOf<Phase | undefined>();
    expectTypeOf(error.attempts).toEqualTypeOf<number>();
    expectTypeOf(error.request).toEqualTypeOf<RedactedRequest | undefined>();
    expectTypeOf(error.toJSON()).toEqualTypeOf<Record<string, unknown>>();
    expectTypeOf<keyof RedactedRequest>().toEqualTypeOf<'method' | 'url'>();
  });

  test('errors have members of their own', () => {
    expectTypeOf<SessionClosedError>().toExtend<AiofetchError>();
    expectTypeOf<ResponseTooLargeError['limit']>().toEqualTypeOf<number>();
    expectTypeOf<SchemaError['issues'][number]['message']>().toEqualTypeOf<string>();
    expectTypeOf<InvalidOptionError['option']>().toEqualTypeOf<string>();
    expectTypeOf<UnsupportedOptionError['where']>().toEqualTypeOf<string>();
  });
});

test("a connector of the user's own can make the errors", () => {
  const details: ErrorDetails = {
    request: {method: 'GET', url: 'https://example.com'},
    attempts: 2,
    cause: error,
  };
  new ConnectionError('Host is gone', 'connect', {...details, code: 'EHOSTDOWN'});
  new TimeoutError('read', 1_000, details);
  // @ts-expect-error
  new TimeoutError('dns', 1_000);
  // @ts-expect-error
  new ConnectionError('Host is gone');
  // @ts-expect-error `limit` is read-only.
  new TimeoutError('read', 1).limit = 2;
});
