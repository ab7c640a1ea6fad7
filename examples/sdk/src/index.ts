export type {Acme, AcmeOptions} from './acme.ts';
export {createAcme} from './acme.ts';
export type {InvalidProblem, Order, Problem} from './endpoints.ts';
// For applications that make a smaller client, of some endpoints, on a session of their own. By name: esbuild keeps all
// members of an `export * as endpoints` that leads to another module.
export {cancelOrder, createOrder, getOrder, listOrders} from './endpoints.ts';
