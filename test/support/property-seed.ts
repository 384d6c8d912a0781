import fc from "fast-check";

/**
 * On a developer's machine each run of the property tests explores new ground. Under CI the ground is the same each time,
 * so that a landing is judged by its own change and not by what a new seed happens to find elsewhere.
 */
if (process.env.CI) fc.configureGlobal({ seed: 20_261_120 });
