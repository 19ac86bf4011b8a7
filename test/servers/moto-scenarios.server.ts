import { awsScenarios } from './aws-scenarios.ts';
import { motoServer } from './moto.ts';

const TAKEN_OFF = 'a move that is refused has taken the label off already';

awsScenarios(motoServer, { 'theirs is kept, and a hold stands': TAKEN_OFF }, { losesRaces: TAKEN_OFF });
