export * from "./contracts/index.js";
export { refusal } from "./refusal.js";
