export type {Acme, AcmeOptions} from './acme.ts';
export {createAcme} from './acme.ts';
export type {InvalidProblem, Order, Problem} from './endpoints.ts';
// For who makes a smaller client of some of them, on a session of their own.
export * as endpoints from './endpoints.ts';
