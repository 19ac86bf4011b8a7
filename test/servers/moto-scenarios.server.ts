import { awsScenarios } from './aws-scenarios.ts';
import { motoServer } from './moto.ts';

awsScenarios(motoServer, {});
