import type {Session, SessionOptions} from 'aiofetch';
import {adaptiveLimit, circuitBreakerPolicy, createSession, hedgePolicy, singleFlightPolicy} from 'aiofetch';
import type {FunctionName, Recipe, RecipeValue} from '../model/recipe.ts';
import {isRecipeCall, sessionRecipe} from '../model/recipe.ts';
import type {Runtime, SessionSettings} from '../model/settings.ts';

const functions: Readonly<Record<FunctionName, (options: Recipe) => unknown>> = {
  adaptiveLimit,
  singleFlightPolicy,
  circuitBreakerPolicy,
  hedgePolicy,
};

/**
 * @throws InvalidOptionError, UnsupportedOptionError as `createSession` does
 */
export function buildSession(settings: SessionSettings, runtime: Runtime): Session {
  return createSession(evaluate(sessionRecipe(settings, runtime)) as SessionOptions);
}

function evaluate(value: RecipeValue): unknown {
  if (typeof value !== 'object') return value;
  if (isRecipeCall(value)) return functions[value.call](evaluate(value.options) as Recipe);
  if (Array.isArray(value)) return value.map(evaluate);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, evaluate(member)]));
}
