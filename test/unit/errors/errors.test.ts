import {inspect} from 'node:util';
import {describe, expect, it, vi} from 'vitest';
import {
  AiofetchError,
  CircuitOpenError,
  ConnectionError,
  HTTPError,
  InvalidOptionError,
  JsonError,
  RateLimitError,
  RedirectError,
  ResponseTooLargeError,
  SchemaError,
  SessionClosedError,
  TimeoutError,
  UnsupportedOptionError,
} from '../../../src/errors/index.ts';
import {redactUrl} from '../../../src/errors/redact-url.ts';
import {AuthError} from '../../../src/policies/auth/error.ts';

// Another copy of the package, as two dependencies may bring it.
vi.resetModules();
const copy: Record<string, unknown> = {
  ...(await import('../../../src/errors/index.ts')),
  ...(await import('../../../src/policies/auth/error.ts')),
};

const request = {method: 'POST', url: 'https://user:s3cret@api.test/v1/users?token=s3cret&a=s3cret#s3cret'};
const details = {request, attempts: 2, cause: new Error('why')};
const response = new Response('s3cret', {status: 422, headers: {'set-cookie': 's3cret'}});

const errors = {
  AiofetchError: new AiofetchError('Something', 'ERR_SOMETHING', 'send', details),
  SessionClosedError: new SessionClosedError('Session is closed', details),
  ConnectionError: new ConnectionError('Connection broke', 'receive', {...details, code: 'ECONNRESET'}),
  RedirectError: new RedirectError('More than 20 redirects', details),
  TimeoutError: new TimeoutError('read', 30_000, details),
  RateLimitError: new RateLimitError(5_000, details),
  CircuitOpenError: new CircuitOpenError(5_000, details),
  AuthError: new AuthError('No token', details),
  HTTPError: new HTTPError(response, {body: 's3cret'}, details),
  JsonError: new JsonError(details),
  ResponseTooLargeError: new ResponseTooLargeError(1000, details),
  SchemaError: new SchemaError([{message: 's3cret', path: ['s3cret']}], details),
  UnsupportedOptionError: new UnsupportedOptionError('tls', 'the fetch connector', 'the runtime has its own'),
  InvalidOptionError: new InvalidOptionError('timeout', -1, 'a number of ms'),
};
type Name = keyof typeof errors;
const names = Object.keys(errors) as Name[];
const ofRequests = names.filter((name) => !name.endsWith('OptionError'));
const classes = {
  AiofetchError,
  SessionClosedError,
  ConnectionError,
  RedirectError,
  TimeoutError,
  RateLimitError,
  CircuitOpenError,
  AuthError,
  HTTPError,
  JsonError,
  ResponseTooLargeError,
  SchemaError,
  UnsupportedOptionError,
  InvalidOptionError,
};

describe.each(names)('%s', (name) => {
  const error = errors[name];

  it('the error is an instance of AiofetchError, Error, its own class and no other', () => {
    const networkErrors = ['ConnectionError', 'RedirectError'];
    expect(error).toBeInstanceOf(Error);
    expect(error instanceof TypeError).toBe(networkErrors.includes(name));
    expect(error instanceof SyntaxError).toBe(name === 'JsonError');
    for (const [other, type] of Object.entries(classes)) {
      expect(error instanceof type, other).toBe(other === name || other === 'AiofetchError');
    }
  });

  it('the error is an instance of its class in another copy of the package, and of no other class there', () => {
    for (const [other, type] of Object.entries(classes)) {
      const theirs = copy[other] as typeof AiofetchError;
      expect(theirs).not.toBe(type);
      expect(error instanceof theirs, other).toBe(other === name || other === 'AiofetchError');
    }
  });

  it('the error has its name, also in its string, its stack and when it is inspected', () => {
    // Libraries know a network error by the name of the error that a built-in fetch rejects with.
    const shown = error instanceof TypeError ? 'TypeError' : name;
    expect(error.name).toBe(shown);
    expect((error.constructor as typeof AiofetchError).name).toBe(name);
    expect(String(error)).toBe(`${shown}: ${error.message}`);
    expect(error.stack).toMatch(new RegExp(`^(?:Type|Syntax)?(?:Error|${name}): `));
    expect(Object.keys(error)).not.toContain('name');
    expect(inspect(error)).toMatch(shown === name ? `${name}: ` : `${name} [TypeError]: `);
  });

  it('the error shows no credential, query value, fragment or body, however it is printed', () => {
    const printed = [
      error.message,
      String(error),
      error.stack,
      JSON.stringify(error),
      JSON.stringify({...error}),
      inspect(error, {depth: Infinity}),
      inspect(new Error('outer', {cause: error}), {depth: Infinity}),
      inspect([{error}], {depth: Infinity}),
    ].join('\n');
    expect(printed).not.toContain('s3cret');
    expect(printed).not.toContain('user:');
  });

  it('the JSON of the error has its message, code, phase, attempts and request', () => {
    const {code, phase, attempts, message} = error;
    const expected = {
      name: error.name,
      message,
      code,
      attempts,
      ...(phase && {phase}),
      ...(error.request && {request: error.request}),
    };
    expect(JSON.parse(JSON.stringify(error))).toEqual(expected);
  });
});

describe.each(ofRequests)('%s of a request', (name) => {
  it('the error has request, attempts and cause, and its message names the request', () => {
    const error = errors[name];
    expect(error.request).toEqual({method: 'POST', url: 'https://api.test/v1/users?token=…&a=…'});
    expect(error.attempts).toBe(2);
    // The cause of a JsonError would be the error of the parser, which shows a piece of the body.
    expect(error.cause).toBe(name === 'JsonError' ? undefined : details.cause);
    if (name !== 'AiofetchError')
      expect(error.message).toMatch(/[( ]POST https:\/\/api\.test\/v1\/users\?token=…&a=…\)$/);
  });
});

describe('the members of an error class of its own', () => {
  it('a ConnectionError has its phase and the code of the system', () => {
    expect(errors.ConnectionError).toMatchObject({phase: 'receive', code: 'ECONNRESET'});
    expect(new ConnectionError('x', 'dns')).toMatchObject({
      phase: 'dns',
      code: 'ERR_CONNECTION',
      attempts: 1,
    });
    expect('cause' in new ConnectionError('x', 'dns')).toBe(false);
  });

  it.each(['total', 'attempt', 'pool', 'connect', 'read'] as const)(
    'a TimeoutError has its phase and limit, and its message names the option: %s',
    (phase) => {
      const error = new TimeoutError(phase, 5);
      expect(error).toMatchObject({phase, limit: 5, code: 'ERR_TIMEOUT'});
      expect(error.message).toBe(`${phase} timeout of 5 ms ran out`);
    },
  );

  it('a ResponseTooLargeError has its limit', () => {
    expect(errors.ResponseTooLargeError).toMatchObject({limit: 1000, phase: 'receive'});
  });

  it('a SchemaError has its issues, and its message says how many', () => {
    expect(errors.SchemaError.issues).toHaveLength(1);
    expect(new SchemaError([{message: 'a'}, {message: 'b'}]).message).toBe(
      'The response does not fit its schema: 2 issues',
    );
  });

  it('the errors for options name the option, and what refused it', () => {
    expect(errors.UnsupportedOptionError).toMatchObject({option: 'tls', where: 'the fetch connector'});
    expect(errors.UnsupportedOptionError.message).toBe(
      'Option "tls" is not supported by the fetch connector: the runtime has its own',
    );
    expect(errors.InvalidOptionError).toMatchObject({option: 'timeout'});
  });

  it.each<[unknown, string]>([
    [-1, '-1'],
    ['x', '"x"'],
    ['', '""'],
    ['no spaces', '"no spaces"'],
    ['y'.repeat(16), `"${'y'.repeat(16)}"`],
    ['y'.repeat(17), 'a string'],
    ['user:pass@host', 'a string'],
    ['a\u001b[2J', 'a string'],
    [true, 'true'],
    [Number.NaN, 'NaN'],
    [undefined, 'undefined'],
    [null, 'null'],
    [10n, '10'],
    [Symbol('s'), 'a symbol'],
    [{secret: 's3cret'}, 'an object'],
    [['s3cret'], 'an array'],
    [() => 's3cret', 'a function'],
    [new Error('too long'), 'not valid (too long)'],
  ])('an InvalidOptionError shows the value %o as %s', (value, shown) => {
    expect(new InvalidOptionError('x', value, 'y').message).toBe(`Option "x" is ${shown}; allowed: y`);
  });
});

it.each([
  'auth',
  'auth.bearer',
  'baseUrl',
  'headers',
  'connector.proxy',
  'apiKey.value',
  'connector.tls.passphrase',
])(
  'an InvalidOptionError shows a value of the option %s, which may be a secret, by its type only',
  (option) => {
    expect(new InvalidOptionError(option, 'word', 'y').message).toBe(
      `Option "${option}" is a string; allowed: y`,
    );
    expect(new InvalidOptionError(option, 1234, 'y').message).toBe(
      `Option "${option}" is a number; allowed: y`,
    );
    expect(new InvalidOptionError(option, {word: 1}, 'y').message).toBe(
      `Option "${option}" is an object; allowed: y`,
    );
  },
);

describe('text of a server', () => {
  const evil = 'a\u001b[2J\u009b31m\r\nb\u202ec\u2028d\u007f';
  const shown = 'a\ufffd[2J\ufffd31m\ufffd\ufffdb\ufffdc\ufffdd\ufffd';

  it('no message has characters that a terminal obeys, that forge lines or that turn the direction of text', () => {
    const odd = Object.defineProperty(new Response(null, {status: 500}), 'statusText', {value: evil});
    expect(new HTTPError(odd, undefined).message).toBe(`Status 500 ${shown}`);
    expect(new ConnectionError(evil, 'tls').message).toBe(`Failed to fetch (${shown})`);
    expect(new AiofetchError(evil, 'ERR_SOMETHING').message).toBe(shown);
    expect(new SchemaError([], {problem: evil}).message).toBe(`The response ${shown}`);
    expect(inspect(new HTTPError(odd, undefined))).not.toMatch(/(?!\n)\p{Cc}|\p{Cf}/u);
  });

  it('a reason phrase is shown up to 100 characters', () => {
    const long = new Response(null, {status: 500, statusText: 'x'.repeat(101)});
    expect(new HTTPError(long, undefined).message).toBe(`Status 500 ${'x'.repeat(100)}…`);
  });

  it('the message of a network error is shown up to 1,000 characters, and its request after them', () => {
    const {message} = new ConnectionError('x'.repeat(20_000), 'tls', {request});
    expect(message.length).toBeLessThan(1_100);
    expect(message).toMatch(/x…, POST https:/);
  });
});

describe('instanceof', () => {
  it('no other value is an instance of an error class', () => {
    for (const value of [
      undefined,
      null,
      0,
      '',
      'AiofetchError',
      {},
      () => {},
      new Error('x'),
      new TypeError('x'),
    ]) {
      for (const type of Object.values(classes)) expect((value as unknown) instanceof type).toBe(false);
    }
  });

  it('instanceof works for classes of users that extend an error class', () => {
    class Mine extends HTTPError {}
    class Base extends AiofetchError {}
    const mine = new Mine(response, undefined);
    expect(mine).toBeInstanceOf(Mine);
    expect(mine).toBeInstanceOf(HTTPError);
    expect(mine).toBeInstanceOf(AiofetchError);
    expect(errors.HTTPError).not.toBeInstanceOf(Mine);
    const base = new Base('x', 'ERR_X');
    expect(base).toBeInstanceOf(Base);
    expect(base).toBeInstanceOf(AiofetchError);
    expect(base).not.toBeInstanceOf(HTTPError);
    expect(errors.AiofetchError).not.toBeInstanceOf(Base);
  });
});

describe('redactUrl', () => {
  it.each([
    ['https://api.test/v1', 'https://api.test/v1'],
    ['https://user:s3cret@api.test/v1', 'https://api.test/v1'],
    ['https://s3cret@api.test/', 'https://api.test/'],
    ['https://api.test/a@b', 'https://api.test/a@b'],
    ['https://api.test/?a=s3cret&b=s3cret', 'https://api.test/?a=…&b=…'],
    ['https://api.test/?a=s3cret=s3cret', 'https://api.test/?a=…'],
    ['https://api.test/?s3cret', 'https://api.test/?…'],
    ['https://api.test/?s3cret&a=1&&', 'https://api.test/?…&a=…&&'],
    ['https://api.test/?a=', 'https://api.test/?a=…'],
    ['https://api.test/?', 'https://api.test/?'],
    ['https://api.test/#s3cret', 'https://api.test/'],
    ['https://api.test/?a=s3cret#s3cret?b=s3cret', 'https://api.test/?a=…'],
    ['/users?a=s3cret', '/users?a=…'],
    ['//user:s3cret@api.test/users', '//api.test/users'],
    ['data:text/plain,x?s3cret', 'data:text/plain,x?…'],
  ])('the URL %s is shown without secrets', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });
});
