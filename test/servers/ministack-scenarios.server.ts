import { awsScenarios } from './aws-scenarios.ts';
import { ministackServer } from './ministack.ts';

awsScenarios(ministackServer, {});
