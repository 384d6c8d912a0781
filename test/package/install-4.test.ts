import { nodeRedOf } from "../support/npm";
import { describeInstallation } from "./installation";

// The oldest line of Node-RED that the pack supports.
describeInstallation("4.1", () => nodeRedOf("4.1.8"));
