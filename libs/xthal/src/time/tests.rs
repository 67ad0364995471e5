mod calibration;
mod devices;
mod frequencies;
mod wrapping;
