import './tokens.css';
import './explorer.css';
import './lab.css';
