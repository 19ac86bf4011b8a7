import { awsScenarios } from './aws-scenarios.ts';
import { motoServer } from './moto.ts';

awsScenarios(motoServer, {
  'theirs is kept, and a hold stands': 'a move that is refused has taken the label off already',
});
