// SPDX-License-Identifier: Apache-2.0
// Programs see this process's environment: POOLGRAD_MAX_ISA, POOLGRAD_TEST_CASES.
Module["preRun"] = () => Object.assign(ENV, process.env);
