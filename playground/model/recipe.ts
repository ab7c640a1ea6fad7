import type {Runtime, SessionSettings} from './settings.ts';

/** A value in the options of a session: plain data, or a call of one of the library's functions. */
export type RecipeValue = number | string | boolean | Recipe | readonly RecipeValue[] | RecipeCall;

/** Options as plain data. */
export interface Recipe {
  readonly [option: string]: RecipeValue;
}

/** A call that makes a policy or a limit. */
export interface RecipeCall {
  readonly call: FunctionName;
  readonly options: Recipe;
}

export type FunctionName = 'adaptiveLimit' | 'singleFlightPolicy' | 'circuitBreakerPolicy' | 'hedgePolicy';

export function isRecipeCall(value: RecipeValue): value is RecipeCall {
  return typeof value === 'object' && 'call' in value;
}

/**
 * The options of a session with these settings. The session that runs and the code that is shown are both made of them.
 * Options that equal their defaults are left out.
 */
export function sessionRecipe(settings: SessionSettings, runtime: Runtime): Recipe {
  return compact({
    connector: connectorRecipe(settings),
    timeout: timeoutRecipe(settings, runtime),
    retry: retryRecipe(settings),
    rateLimit: settings.hasRateLimit ? rateLimitRecipe(settings) : undefined,
    policies: policiesRecipe(settings),
  });
}

function connectorRecipe({limit, limitPerHost, isAdaptive}: SessionSettings): Recipe | undefined {
  const most = limitPerHost || undefined;
  return unlessEmpty({
    limit: limit === 100 ? undefined : limit,
    limitPerHost: isAdaptive ? {call: 'adaptiveLimit', options: compact({max: most})} : most,
  });
}

function timeoutRecipe(settings: SessionSettings, runtime: Runtime): Recipe | undefined {
  const {timeoutTotal, timeoutAttempt, timeoutPool, timeoutConnect, timeoutRead} = settings;
  return unlessEmpty({
    total: timeoutTotal || undefined,
    attempt: timeoutAttempt || undefined,
    pool: timeoutPool || undefined,
    connect: runtime === 'node' && timeoutConnect !== 10_000 ? timeoutConnect : undefined,
    read: timeoutRead === 300_000 ? undefined : timeoutRead,
  });
}

function retryRecipe({retries, minDelay, maxDelay, retryBudget}: SessionSettings): RecipeValue | undefined {
  if (retries === 0) return false;
  return unlessEmpty({
    retries: retries === 2 ? undefined : retries,
    minDelay: minDelay === 500 ? undefined : minDelay,
    maxDelay: maxDelay === 30_000 ? undefined : maxDelay,
    budget: retryBudget === 20 ? undefined : budgetRecipe(retryBudget),
  });
}

/** 0 means no bound. */
function budgetRecipe(share: number): RecipeValue {
  return share === 0 ? false : {ratio: share / 100};
}

function rateLimitRecipe({rateRequests, ratePer, rateBurst, rateScope}: SessionSettings): Recipe {
  return compact({
    requests: rateRequests,
    per: ratePer,
    burst: rateBurst || undefined,
    scope: rateScope === 'host' ? 'host' : undefined,
  });
}

/** The first is the outermost: shared requests are sent once, and a host whose circuit is open gets no hedges. */
function policiesRecipe(settings: SessionSettings): readonly RecipeCall[] | undefined {
  const calls: RecipeCall[] = [];
  if (settings.hasSingleFlight) calls.push({call: 'singleFlightPolicy', options: {}});
  if (settings.hasBreaker) {
    const {breakerFailures, breakerMinimum, breakerOpenFor} = settings;
    const options = compact({
      failures: breakerFailures === 50 ? undefined : breakerFailures / 100,
      minimum: breakerMinimum === 20 ? undefined : breakerMinimum,
      openFor: breakerOpenFor === 30_000 ? undefined : breakerOpenFor,
    });
    calls.push({call: 'circuitBreakerPolicy', options});
  }
  if (settings.hasHedging) {
    const {hedgeDelay, hedgePercentile, hedgeBudget} = settings;
    const options = compact({
      delay: hedgeDelay || undefined,
      percentile: hedgeDelay > 0 || hedgePercentile === 95 ? undefined : hedgePercentile / 100,
      budget: hedgeBudget === 10 ? undefined : budgetRecipe(hedgeBudget),
    });
    calls.push({call: 'hedgePolicy', options});
  }
  return calls.length > 0 ? calls : undefined;
}

function compact(members: Readonly<Record<string, RecipeValue | undefined>>): Recipe {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, RecipeValue] => entry[1] !== undefined),
  );
}

function unlessEmpty(members: Readonly<Record<string, RecipeValue | undefined>>): Recipe | undefined {
  const recipe = compact(members);
  return Object.keys(recipe).length > 0 ? recipe : undefined;
}
